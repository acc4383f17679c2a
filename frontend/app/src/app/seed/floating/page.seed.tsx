"use client";

import { FloatingChat } from "../../../../tests/seed/FloatingChat";

export default function Page() {
  return <FloatingChat />;
}
