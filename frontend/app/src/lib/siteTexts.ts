import type { StartScreenPrompt } from "@openai/chatkit";
import { sendJson } from "@/lib/http";

/** A prompt whose message is plain text. */
export type SitePrompt = StartScreenPrompt & { prompt: string };

/** Texts of the site that depend on its assistant. */
export interface SiteTexts {
  /** The site's name: its logo and the end of each page's title. */
  siteName: string;
  /** The heading of the chat. */
  assistantName: string;
  /** The configured greeting; null: one for tasks, with the user's name. */
  greeting: string | null;
  prompts: SitePrompt[];
  /** Messages that the empty task panel suggests. */
  examples: string[];
}

/** The texts for the todo assistant; each prompt works with the offline assistant. */
export const TODO_TEXTS: SiteTexts = {
  siteName: "todochat",
  assistantName: "Todo assistant",
  greeting: null,
  prompts: [
    {
      label: "Add a task for tomorrow",
      prompt: "add buy milk tomorrow at 5pm",
      icon: "plus",
    },
    {
      label: "What is due today?",
      prompt: "what's due today?",
      icon: "calendar",
    },
    {
      label: "What should I do next?",
      prompt: "what should I do next?",
      icon: "compass",
    },
    {
      label: "What can you do?",
      prompt: "help",
      icon: "circle-question",
    },
  ],
  examples: [
    "add buy milk tomorrow at 5pm",
    "add call Ann, book the train and water the plants",
    "help",
  ],
};

const MAX_EXAMPLES = 3;
const TIMEOUT_MS = 3000;

interface SiteView {
  assistant: {
    name: string | null;
    greeting: string | null;
    prompts: SitePrompt[] | null;
  };
}

/** Returns the texts that the server's operator configured, or else those for the todo assistant. */
export async function loadSiteTexts(): Promise<SiteTexts> {
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const { assistant } = await sendJson<SiteView>("/api/site", { signal });
    return {
      siteName: assistant.name ?? TODO_TEXTS.siteName,
      assistantName: assistant.name ?? TODO_TEXTS.assistantName,
      greeting: assistant.greeting,
      prompts: assistant.prompts ?? TODO_TEXTS.prompts,
      examples:
        assistant.prompts?.slice(0, MAX_EXAMPLES).map((each) => each.prompt) ?? TODO_TEXTS.examples,
    };
  } catch {
    return TODO_TEXTS;
  }
}
