import { useCallback, useEffect, useState } from "react";
import { loadChatKit } from "@/lib/chatKitScript";

/** The state of the chat component's script; `missing` if it can't be loaded. */
export type ScriptStatus = "loading" | "ready" | "missing";

/** Loads the chat component; `retry` loads it again after a failure. */
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
