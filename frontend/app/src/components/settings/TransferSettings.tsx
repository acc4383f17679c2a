"use client";

import { Download } from "lucide-react";
import { useState } from "react";
import { CalendarFeedSettings } from "@/components/settings/CalendarFeedSettings";
import { ImportForm } from "@/components/settings/ImportForm";
import { Button } from "@/components/ui/button";
import { messageOf } from "@/lib/problem";
import { fileDate, saveFile } from "@/lib/saveFile";
import { getCsvExport, getJsonExport } from "@/lib/transfer";
import { showError } from "@/stores/toastStore";

/** Import, export and the calendar feed of tasks. */
export function TransferSettings() {
  const [isBusy, setIsBusy] = useState(false);
  const download = async (load: () => Promise<Blob>, suffix: string) => {
    if (isBusy) return;
    setIsBusy(true);
    try {
      saveFile(await load(), `tasks-${fileDate()}.${suffix}`);
    } catch (error) {
      showError(messageOf(error));
    }
    setIsBusy(false);
  };
  return (
    <div className="grid gap-6">
      <ImportForm />
      <hr />
      <section className="grid gap-3">
        <h4 className="text-sm font-semibold">Export tasks</h4>
        <p className="text-sm text-muted-foreground">
          JSON keeps everything and can be imported here again. CSV opens in a spreadsheet.
        </p>
        <div className="flex flex-wrap gap-2">
          <Button
            variant="outline"
            aria-disabled={isBusy}
            onClick={() => void download(getJsonExport, "json")}
          >
            <Download aria-hidden className="h-4 w-4" />
            JSON
          </Button>
          <Button
            variant="outline"
            aria-disabled={isBusy}
            onClick={() => void download(getCsvExport, "csv")}
          >
            <Download aria-hidden className="h-4 w-4" />
            CSV
          </Button>
        </div>
      </section>
      <hr />
      <CalendarFeedSettings />
    </div>
  );
}
