"use client";

import { ThemedChatKit } from "../../../../tests/seed/ThemedChatKit";

export default function Page() {
  return (
    <div className="h-screen">
      <ThemedChatKit />
    </div>
  );
}
