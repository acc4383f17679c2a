import { useCallback, useEffect, useState } from "react";
import { loadChatKit } from "@/lib/chatKitScript";

/** Whether the chat component is there; `missing` when its script can't be had. */
export type ScriptStatus = "loading" | "ready" | "missing";

/** Waits for the chat component, and tries again when told to. */
export function useChatKitScript(): { status: ScriptStatus; retry: () => void } {
  const [status, setStatus] = useState<ScriptStatus>("loading");
  const load = useCallback(() => {
    setStatus("loading");
    return loadChatKit().then(
      () => setStatus("ready"),
      () => setStatus("missing"),
    );
  }, []);
  useEffect(() => void load(), [load]);
  return { status, retry: () => void load() };
}
