import type { Metadata, Viewport } from "next";
import type { ReactNode } from "react";
import { Providers } from "@/components/layout/Providers";
import "./globals.css";

export const metadata: Metadata = {
  title: { default: "todochat", template: "%s · todochat" },
  description: "Your tasks, and an assistant that manages them.",
};

export const viewport: Viewport = {
  width: "device-width",
  initialScale: 1,
  // A phone's keyboard resizes the page instead of covering the composer.
  interactiveWidget: "resizes-content",
  // The page extends below notches and home indicators; its parts keep their content off them.
  viewportFit: "cover",
  themeColor: [
    { media: "(prefers-color-scheme: light)", color: "#f6f8f7" },
    { media: "(prefers-color-scheme: dark)", color: "#0f1413" },
  ],
};

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    // next-themes sets the class of <html> before hydration.
    <html lang="en" suppressHydrationWarning>
      <body className="antialiased">
        <Providers>{children}</Providers>
      </body>
    </html>
  );
}
