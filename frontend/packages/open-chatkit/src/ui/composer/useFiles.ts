import { useRef } from "preact/hooks";
import type { FileRefusal } from "../../core/types";
import type { Translate } from "../../locale";
import { toast, useUi } from "../context";

const UNITS = ["kilobyte", "megabyte", "gigabyte"];

/** Formats a size, such as "5 MB", in the user's language. */
export function fileSize(bytes: number, locale: string): string {
  // The smallest size is 1 kB.
  const kilobytes = Math.max(1, bytes / 1024);
  const power = Math.min(Math.floor(Math.log(kilobytes) / Math.log(1024)), UNITS.length - 1);
  const format = new Intl.NumberFormat(locale, {
    style: "unit",
    unit: UNITS[power],
    maximumFractionDigits: power > 0 ? 1 : 0,
  });
  return format.format(kilobytes / 1024 ** power);
}

/** Returns why a file was rejected, as text. */
export function refusalText(refusal: FileRefusal, t: Translate, locale: string): string {
  const { name } = refusal.file;
  switch (refusal.reason) {
    case "too-large":
      return t("fileTooLarge", { name, limit: fileSize(refusal.limit ?? 0, locale) });
    case "too-many":
      return t("tooManyFiles", { limit: refusal.limit ?? 0 });
    case "not-accepted":
      return t("fileNotAccepted", { name });
    case "disabled":
      return t("filesDisabled");
  }
}

/** Adds files and shows a toast for each rejected file. */
export function useFiles() {
  const ui = useUi();
  const input = useRef<HTMLInputElement>(null);
  const options = ui.options.value.composer?.attachments;
  const enabled = options?.enabled ?? false;

  const add = async (files: readonly File[]): Promise<void> => {
    if (files.length === 0) return;
    const { t, tag } = ui.locale.peek();
    const refused = await ui.chat.composer.addFiles(files);
    for (const refusal of refused) toast(ui, refusalText(refusal, t, tag), "danger");
  };

  const accept = Object.entries(options?.accept ?? {})
    .flatMap(([type, extensions]) => [type, ...extensions])
    .join(",");
  return { input, enabled, accept, add, pick: () => input.current?.click() };
}
