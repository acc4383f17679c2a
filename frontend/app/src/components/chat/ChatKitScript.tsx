"use client";

import { useEffect } from "react";
import { loadChatKit } from "@/lib/chatKitScript";
import { useAuthStore } from "@/stores/authStore";

/** Loads the chat component for signed-in users; the sign-in pages don't need it. */
export function ChatKitScript() {
  const isAuthenticated = useAuthStore((state) => state.isAuthenticated);
  useEffect(() => {
    // The chat shows the failure.
    if (isAuthenticated) loadChatKit().catch(() => undefined);
  }, [isAuthenticated]);
  return null;
}
