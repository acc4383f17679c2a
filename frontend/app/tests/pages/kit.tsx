// A page with the React package from npm; it renders only the element.

import {
  ChatKit,
  type ChatKitOptions,
  type UseChatKitReturn,
  useChatKit,
} from "@openai/chatkit-react";
import { useEffect, useState } from "react";
import { createRoot } from "react-dom/client";

type Session = { url: string; login: string };

declare global {
  interface Window {
    /** Events and calls that the page received: `[name, detail]`. */
    heard: [string, unknown][];
    chat: UseChatKitReturn;
    setScheme: (scheme: "light" | "dark") => void;
  }
}

window.heard = [];
const record =
  (name: string) =>
  (detail?: unknown): void => {
    window.heard.push([name, detail ?? null]);
  };

async function post(path: string, login?: string): Promise<Record<string, string>> {
  const headers: HeadersInit = login ? { Authorization: `Bearer ${login}` } : {};
  const response = await fetch(path, { method: "POST", headers });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  return response.json();
}

function Page({ session }: { session: Session }) {
  const [scheme, setScheme] = useState<"light" | "dark">("light");
  const api = {
    url: session.url,
    async getClientSecret(current: string | null): Promise<string> {
      window.heard.push(["secret", current]);
      const { client_secret: secret } = await post("/api/chatkit/session", session.login);
      return secret ?? "";
    },
  };
  const chat = useChatKit({
    api: api as ChatKitOptions["api"],
    theme: { colorScheme: scheme },
    composer: {
      placeholder: "Write to the helper",
      tools: [{ id: "plan", label: "Plan", icon: "notebook" }],
    },
    onClientTool: ({ name, params }) => {
      window.heard.push(["tool", { name, params }]);
      return { scheme };
    },
    onReady: record("ready"),
    onError: record("error"),
    onEffect: record("effect"),
    onResponseStart: record("response.start"),
    onResponseEnd: record("response.end"),
    onThreadChange: record("thread.change"),
    onThreadLoadStart: record("thread.load.start"),
    onThreadLoadEnd: record("thread.load.end"),
    onLog: record("log"),
  });
  useEffect(() => {
    window.chat = chat;
    window.setScheme = setScheme;
  });
  return <ChatKit control={chat.control} className="chat" />;
}

const { access_token: login = "", user } = (await post("/api/auth/refresh")) as unknown as {
  access_token?: string;
  user: { id: string };
};
const root = document.getElementById("root");
if (root) createRoot(root).render(<Page session={{ url: `/api/${user.id}/chat`, login }} />);
