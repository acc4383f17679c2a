import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import path from "node:path";
import { expect, it } from "vitest";

/** SHA-256 of the reference components. They must work unchanged: never edit them. */
const REFERENCE = {
  "ChatContainer.tsx": "93e044a809681a8e91ec6ce804bdc948b2c9077bdbf8a7d831524f67daa45baf",
  "ChatLayout.tsx": "f9881d0f04de35fa369c400334dab2026f128419d763be1f54672a7cf28fbd18",
  "ChatPage.tsx": "444961fd94d9192e52a5ae9e76d1fbe961303027529760f7a93da773ca35852a",
  "FloatingChat.tsx": "b926682573ac3721b02962a71854679cb4a2b2ace77f6b239d43745e5d32dd0b",
  "ThemedChatKit.tsx": "1cc490fc03a4fecfe33b44466bdbe08b18650bc978286917ba8c7d772c70ccc7",
};

it.each(Object.entries(REFERENCE))("%s is identical to the reference component", (name, sum) => {
  const bytes = readFileSync(path.join(import.meta.dirname, name));
  expect(createHash("sha256").update(bytes).digest("hex")).toBe(sum);
});
