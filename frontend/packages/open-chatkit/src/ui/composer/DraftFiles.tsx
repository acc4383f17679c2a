import type { DraftFile } from "../../core/types";
import { Icon } from "../../icons/Icon";
import { attempt, useT, useUi } from "../context";
import { useFileImage } from "../items/useFileImage";
import { fileSize } from "./useFiles";

/** The progress of an upload, as a percentage if known. */
function UploadProgress({ label, share }: { label: string; share: number | null }) {
  const { tag } = useUi().locale.value;
  if (share === null) {
    return (
      <>
        <span class="spinner" />
        <span class="visually-hidden">{label}</span>
      </>
    );
  }
  const percent = Math.round(share * 100);
  return (
    <span
      class="file-percent"
      role="progressbar"
      aria-label={label}
      aria-valuenow={percent}
      aria-valuemin={0}
      aria-valuemax={100}
    >
      {new Intl.NumberFormat(tag, { style: "percent" }).format(share)}
    </span>
  );
}

function Tile({ file }: { file: DraftFile }) {
  const ui = useUi();
  const t = useT();
  const { composer } = ui.chat;
  const values = { name: file.name };
  const preview = useFileImage(file.previewUrl);
  const hasFailed = file.status === "failed";
  // A picture has no place for the reason of a failure.
  const picture = preview.kind === "shown" && !hasFailed ? preview.src : null;
  const status =
    file.status === "uploading"
      ? t("uploading", values)
      : hasFailed
        ? (file.error ?? t("uploadFailed", values))
        : file.name;
  return (
    <li class={`draft-file ${file.status} ${picture ? "picture" : ""}`} title={status}>
      {picture ? (
        <img src={picture} alt={file.name} />
      ) : (
        <>
          <span class="file-icon">
            <Icon name="document" size={20} />
          </span>
          <span class="file-text">
            <bdi class="file-name">{file.name}</bdi>
            <span class="file-note" role={hasFailed ? "alert" : undefined}>
              {hasFailed
                ? status
                : file.size === null
                  ? file.mimeType
                  : fileSize(file.size, ui.locale.value.tag)}
            </span>
          </span>
        </>
      )}
      {file.status === "uploading" && (
        <span class="file-overlay">
          <UploadProgress label={status} share={file.progress} />
        </span>
      )}
      {hasFailed && (
        <button
          type="button"
          class="file-overlay"
          aria-label={t("retryFile", values)}
          onClick={() => void attempt(ui, () => composer.retryFile(file.key))}
        >
          <Icon name="reload" size={18} />
        </button>
      )}
      <button
        type="button"
        class="file-remove"
        aria-label={t("removeFile", values)}
        title={t("removeFile", values)}
        onClick={() => void attempt(ui, () => composer.removeFile(file.key))}
      >
        <Icon name="close" size={12} />
      </button>
    </li>
  );
}

/** The draft's files. */
export function DraftFiles() {
  const { composer } = useUi().chat;
  const t = useT();
  const { files } = composer.draft.value;
  if (files.length === 0) return null;
  return (
    <ul class="draft-files" aria-label={t("attachments")}>
      {files.map((file) => (
        <Tile key={file.key} file={file} />
      ))}
    </ul>
  );
}
