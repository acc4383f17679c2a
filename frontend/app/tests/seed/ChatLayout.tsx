// frontend/src/app/chat/layout.tsx
export default function ChatLayout({
  children,
}: {
  children: React.ReactNode;
}) {
  return (
    <div className="h-screen w-full">
      {/* Mobile: Full screen */}
      {/* Desktop: Centered with max width */}
      <div className="h-full w-full md:max-w-3xl md:mx-auto md:py-4">
        <div className="h-full md:rounded-lg md:border md:shadow-lg overflow-hidden">
          {children}
        </div>
      </div>
    </div>
  );
}
