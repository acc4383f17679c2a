import type { Metadata } from "next";
import type { ReactNode } from "react";

export const metadata: Metadata = { title: "Chat" };

/** Full screen on a phone; a centred column on wider screens. */
export default function ChatLayout({ children }: { children: ReactNode }) {
  return (
    <div className="h-dvh w-full pt-[env(safe-area-inset-top)]">
      <div className="h-full w-full md:mx-auto md:max-w-3xl md:py-4">
        <div className="h-full overflow-hidden md:rounded-lg md:border md:shadow-lg">
          {children}
        </div>
      </div>
    </div>
  );
}
