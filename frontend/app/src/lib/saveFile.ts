const REVOKE_URL_MS = 10_000;

/** Saves a file as the browser saves downloads. */
export function saveFile(content: Blob, name: string): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // Once a download has started, it keeps its own reference to the content.
  setTimeout(() => URL.revokeObjectURL(url), REVOKE_URL_MS);
}

/** Returns today's date for a file's name. */
export function fileDate(): string {
  return new Date().toISOString().slice(0, 10);
}
