import { useRef } from "preact/hooks";
import type { FileRefusal } from "../../core/types";
import type { Translate } from "../../locale";
import { toast, useUi } from "../context";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte"];

/** "5 MB" in the reader's language. */
export function fileSize(bytes: number, locale: string): string {
  const power = Math.min(Math.floor(Math.log(Math.max(bytes, 1)) / Math.log(1024)), 3);
  const unit = UNITS[power] ?? "byte";
  const format = new Intl.NumberFormat(locale, {
    style: "unit",
    unit,
    maximumFractionDigits: power > 1 ? 1 : 0,
  });
  return format.format(bytes / 1024 ** power);
}

/** Why a file wasn't taken, in words. */
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

/** Adds files, and says which weren't taken. */
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
