"use client";

import { CloudOff } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "@/components/ui/button";
import { useAuthStore } from "@/stores/authStore";

const RETRY_MS = 5_000;

/** Shows that the server is unreachable, and retries every 5 s and when the network returns. */
export function UnreachableScreen() {
  const problem = useAuthStore((state) => state.problem);
  const restoreSession = useAuthStore((state) => state.restoreSession);
  const [isRetrying, setIsRetrying] = useState(false);

  useEffect(() => {
    const timer = setInterval(() => void restoreSession(), RETRY_MS);
    const onOnline = () => void restoreSession();
    window.addEventListener("online", onOnline);
    return () => {
      clearInterval(timer);
      window.removeEventListener("online", onOnline);
    };
  }, [restoreSession]);

  const retry = async () => {
    setIsRetrying(true);
    await restoreSession();
    setIsRetrying(false);
  };

  return (
    <main className="grid min-h-dvh place-items-center px-6">
      <div className="grid max-w-sm justify-items-center gap-3 text-center">
        <CloudOff aria-hidden className="h-10 w-10 text-muted-foreground" />
        <h1 className="text-lg font-semibold">Can’t connect</h1>
        <p role="alert" className="text-sm text-muted-foreground">
          {problem ?? "Retrying."} You stay signed in; this page retries automatically.
        </p>
        <Button variant="outline" disabled={isRetrying} onClick={retry}>
          {isRetrying ? "Retrying…" : "Retry now"}
        </Button>
      </div>
    </main>
  );
}
