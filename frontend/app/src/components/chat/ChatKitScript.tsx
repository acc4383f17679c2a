"use client";

import { useEffect } from "react";
import { loadChatKit } from "@/lib/chatKitScript";
import { useAuthStore } from "@/stores/authStore";

/** Loads the chat component for whoever is signed in; the forms of strangers don't need it. */
export function ChatKitScript() {
  const isAuthenticated = useAuthStore((state) => state.isAuthenticated);
  useEffect(() => {
    // The chat itself says when this fails.
    if (isAuthenticated) loadChatKit().catch(() => undefined);
  }, [isAuthenticated]);
  return null;
}
