"use client";

import { Copy } from "lucide-react";
import { useState } from "react";
import { Button } from "@/components/ui/button";
import { Input } from "@/components/ui/input";
import { Notice } from "@/components/ui/notice";
import { useDateContext } from "@/hooks/useDateContext";
import { useLoaded } from "@/hooks/useLoaded";
import { formatMoment } from "@/lib/due";
import { messageOf } from "@/lib/problem";
import { deleteCalendarFeed, getCalendarFeed, postCalendarFeed } from "@/lib/transfer";
import { showError, showInfo } from "@/stores/toastStore";

/** The private address from which calendars read the open tasks. */
export function CalendarFeedSettings() {
  const dates = useDateContext();
  const [createdAt, reload] = useLoaded(getCalendarFeed);
  const [url, setUrl] = useState<string | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  const hasFeed = createdAt.status === "ready" && createdAt.value !== null;

  const change = async (request: () => Promise<string | null>) => {
    if (isBusy) return;
    setIsBusy(true);
    try {
      setUrl(await request());
    } catch (error) {
      showError(messageOf(error));
    }
    await reload();
    setIsBusy(false);
  };
  const copy = async (address: string) => {
    try {
      await navigator.clipboard.writeText(address);
      showInfo("Copied the address");
    } catch {
      showError("The browser didn’t allow copying. Select the address instead.");
    }
  };
  return (
    <section className="grid gap-3">
      <h4 className="text-sm font-semibold">Calendar feed</h4>
      <p className="text-sm text-muted-foreground">
        A private address for “subscribe by URL” in your calendar. Anyone who has it can read your
        open tasks.
      </p>
      {createdAt.status === "error" ? <Notice tone="error">{createdAt.problem}</Notice> : null}
      {url ? (
        <div className="grid gap-1.5">
          <div className="flex gap-2">
            <Input
              readOnly
              aria-label="Address of the calendar feed"
              value={url}
              onFocus={({ target }) => target.select()}
            />
            <Button
              variant="outline"
              size="icon"
              className="h-10 w-10"
              aria-label="Copy address"
              onClick={() => void copy(url)}
            >
              <Copy aria-hidden className="h-4 w-4" />
            </Button>
          </div>
          <p className="text-[0.8125rem] text-muted-foreground">
            Copy it now: it isn’t shown again.
          </p>
        </div>
      ) : hasFeed ? (
        <p className="text-sm">Created {formatMoment(createdAt.value ?? "", dates)}.</p>
      ) : null}
      <div className="flex flex-wrap gap-2">
        <Button
          variant="outline"
          aria-disabled={isBusy || createdAt.status === "loading"}
          onClick={() => void change(postCalendarFeed)}
        >
          {hasFeed ? "Replace address" : "Create address"}
        </Button>
        {hasFeed ? (
          <Button
            variant="ghost"
            className="text-destructive"
            aria-disabled={isBusy}
            onClick={() => void change(() => deleteCalendarFeed().then(() => null))}
          >
            Revoke
          </Button>
        ) : null}
      </div>
    </section>
  );
}
