/** The demo page. Its query selects the scene: `?thread=…&theme=dark&locale=ar`. */

import type { ChatKitOptions } from "@openai/chatkit";
import "../src";
import { demoThreads, RESPONSE, streamedResponse } from "./scenes";
import { scriptedServer } from "./scriptedServer";

const query = new URLSearchParams(location.search);
const wait = Number(query.get("wait") ?? 25);

const server = scriptedServer({
  threads: demoThreads(),
  pageSize: Number(query.get("page") ?? 20),
  script: (request, thread) => {
    const text =
      "input" in request.params && "content" in request.params.input
        ? request.params.input.content.map((part) => part.text).join("")
        : "";
    if (text.includes("fail")) {
      return [
        600,
        {
          type: "error",
          code: "custom",
          message: "The assistant is over its daily budget.",
          allow_retry: true,
        },
      ];
    }
    if (text.includes("notice")) {
      return [
        {
          type: "notice",
          level: "info",
          title: "Offline assistant",
          message: "No model is set. **Simple** requests work.",
        },
        { type: "notice", level: "warning", message: "You have used 90 % of today's budget." },
        ...streamedResponse(thread.id, "All good.", wait),
      ];
    }
    const rounds = Number(query.get("rounds") ?? 1);
    return streamedResponse(
      thread.id,
      Array.from({ length: rounds }, () => RESPONSE).join("\n\n"),
      wait,
    );
  },
});

const bare = query.has("bare");
const options: ChatKitOptions = {
  api: {
    url: "/chatkit",
    domainKey: "demo",
    fetch: server.fetch,
    uploadStrategy: { type: "direct", uploadUrl: "/upload" },
  },
  initialThread: query.get("thread"),
  locale: (query.get("locale") ?? "en") as "en",
  theme: {
    colorScheme: query.get("theme") === "dark" ? "dark" : "light",
    radius: (query.get("radius") ?? "pill") as "pill",
    density: (query.get("density") ?? "normal") as "normal",
    ...(query.has("accent")
      ? {
          color: {
            accent: { primary: query.get("accent") ?? "", level: 2 as const },
            grayscale: { hue: Number(query.get("hue") ?? 220), tint: 6 as const },
          },
        }
      : {}),
  },
  startScreen: {
    greeting: query.get("greeting") ?? "What can I help with today?",
    prompts: [
      { label: "Plan my week around the launch", prompt: "Plan my week", icon: "calendar" },
      { label: "What is due tomorrow?", prompt: "What is due tomorrow?", icon: "clock" },
      {
        label: "Add “buy milk tomorrow at 5pm”",
        prompt: "add buy milk tomorrow at 5pm",
        icon: "plus",
      },
      { label: "Help me clear my inbox", prompt: "Help me", icon: "sparkle" },
    ],
  },
  threadItemActions: { feedback: true, retry: true },
  thread: { autoScroll: query.has("follow") },
  disclaimer: { text: "Answers may be wrong. [How it works](https://example.com/how)" },
  composer: bare
    ? { placeholder: "Ask about your tasks" }
    : {
        placeholder: "Ask about your tasks",
        attachments: { enabled: true, maxCount: 5, maxSize: 10 * 1024 * 1024 },
        dictation: { enabled: true },
        tools: [
          {
            id: "search",
            label: "Search the web",
            shortLabel: "Search",
            icon: "globe",
            pinned: true,
          },
          {
            id: "plan",
            label: "Plan a project",
            icon: "notebook-pencil",
            placeholderOverride: "Describe the project",
          },
          { id: "draw", label: "Create an image", icon: "square-image" },
        ],
        models: [
          { id: "quick", label: "Quick", description: "For everyday tasks", default: true },
          { id: "deep", label: "Thorough", description: "Thinks longer" },
          { id: "big", label: "Large", description: "Not in your plan", disabled: true },
        ],
      },
  entities: {
    showComposerMenu: !bare,
    onTagSearch: async (text) =>
      [
        { id: "1", title: "Ada Lovelace", group: "People", icon: "user", interactive: true },
        { id: "2", title: "Alan Turing", group: "People", icon: "user" },
        { id: "3", title: "Groceries", group: "Lists", icon: "notebook" },
      ].filter((entity) => entity.title.toLowerCase().includes(text.toLowerCase())),
    onRequestPreview: async (entity) => ({
      preview: {
        type: "Basic",
        children: [
          { type: "Title", value: entity.title },
          { type: "Caption", value: entity.group ?? "" },
        ],
      },
    }),
  },
  commands: { enabled: true },
};

document.documentElement.dataset.theme = query.get("theme") ?? "light";
const chat = document.createElement("openai-chatkit");
if (query.has("flow")) chat.setAttribute("auto-height", "");
chat.setOptions(options);
document.querySelector("main")?.append(chat);
Object.assign(globalThis, { chat, server });
