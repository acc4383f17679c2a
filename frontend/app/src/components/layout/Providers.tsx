"use client";

import { ThemeProvider } from "next-themes";
import type { ReactNode } from "react";
import { AuthGate } from "@/components/auth/AuthGate";
import { ChatKitScript } from "@/components/chat/ChatKitScript";
import { Toaster } from "@/components/ui/toaster";
import { usePreferencesOnPage } from "@/stores/preferencesStore";
import { useSiteTextsOnPage } from "@/stores/siteTextsStore";

/** The theme, the session gate, messages and the chat script of every page. */
export function Providers({ children }: { children: ReactNode }) {
  usePreferencesOnPage();
  useSiteTextsOnPage();
  return (
    <ThemeProvider attribute="class" defaultTheme="system" enableSystem enableColorScheme={false}>
      <AuthGate>{children}</AuthGate>
      <Toaster />
      <ChatKitScript />
    </ThemeProvider>
  );
}
