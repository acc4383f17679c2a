"use client";

import { CloudOff } from "lucide-react";
import { useEffect, useState } from "react";
import { Button } from "@/components/ui/button";
import { useAuthStore } from "@/stores/authStore";

const RETRY_MS = 5_000;

/** Says that the server can't be asked who is there, and goes on asking. */
export function UnreachableScreen() {
  const problem = useAuthStore((state) => state.problem);
  const start = useAuthStore((state) => state.start);
  const [isTrying, setIsTrying] = useState(false);

  useEffect(() => {
    const timer = setInterval(() => void start(), RETRY_MS);
    const onOnline = () => void start();
    window.addEventListener("online", onOnline);
    return () => {
      clearInterval(timer);
      window.removeEventListener("online", onOnline);
    };
  }, [start]);

  const retry = async () => {
    setIsTrying(true);
    await start();
    setIsTrying(false);
  };

  return (
    <main className="grid min-h-dvh place-items-center px-6">
      <div className="grid max-w-sm justify-items-center gap-3 text-center">
        <CloudOff aria-hidden className="h-10 w-10 text-muted-foreground" />
        <h1 className="text-lg font-semibold">Can’t connect</h1>
        <p role="alert" className="text-sm text-muted-foreground">
          {problem ?? "Trying again."} You stay signed in; this page tries again by itself.
        </p>
        <Button variant="outline" disabled={isTrying} onClick={retry}>
          {isTrying ? "Trying…" : "Try now"}
        </Button>
      </div>
    </main>
  );
}
