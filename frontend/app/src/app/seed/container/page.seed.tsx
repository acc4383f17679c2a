"use client";

import { ChatContainer } from "../../../../tests/seed/ChatContainer";

export default function Page() {
  return (
    <div className="h-screen">
      <ChatContainer />
    </div>
  );
}
