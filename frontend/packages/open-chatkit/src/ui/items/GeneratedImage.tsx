import { useRef } from "preact/hooks";
import type { GeneratedImageItem } from "../../core/types";
import { Icon } from "../../icons/Icon";
import { IconButton } from "../common/IconButton";
import { ImageLink } from "../common/ImageLink";
import { useT } from "../context";
import { useFileImage } from "./useFileImage";

/** The progress of an image; renders nothing if it is unknown or complete. */
function ImageProgress({ share }: { share: number | null | undefined }) {
  const t = useT();
  if (share == null || share >= 1) return null;
  const percent = Math.round(share * 100);
  return (
    <progress max={100} value={percent} aria-label={t("generatingImage")}>
      {percent}%
    </progress>
  );
}

/** An image that the assistant generated; a click enlarges it. */
export function GeneratedImage({ item }: { item: GeneratedImageItem }) {
  const t = useT();
  const dialog = useRef<HTMLDialogElement>(null);
  const source = useFileImage(item.image?.url);
  if (!item.image) {
    return (
      <div class="image-placeholder" part="generated-image">
        <span class="shimmer">{t("generatingImage")}</span>
        <ImageProgress share={item.progress} />
      </div>
    );
  }
  if (source.kind !== "shown") {
    return <ImageLink source={source} label={(host) => t("imageFrom", { host })} />;
  }
  return (
    <>
      <button
        type="button"
        class="image-button"
        aria-label={t("openImage")}
        part="generated-image"
        onClick={() => dialog.current?.showModal()}
      >
        <img class="generated" src={source.src} alt={t("generatedImage")} loading="lazy" />
      </button>
      {/* Servers that don't know the number of previews send 0. */}
      <ImageProgress share={item.progress || null} />
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: the browser closes dialogs on Escape */}
      <dialog
        ref={dialog}
        class="lightbox"
        aria-label={t("generatedImage")}
        onClick={(event) => event.target === dialog.current && dialog.current?.close()}
      >
        <img src={source.src} alt={t("generatedImage")} />
        <div class="lightbox-bar">
          <a class="icon-button plain" href={source.src} download="" aria-label={t("download")}>
            <Icon name="download" />
          </a>
          <IconButton icon="close" label={t("close")} onClick={() => dialog.current?.close()} />
        </div>
      </dialog>
    </>
  );
}
