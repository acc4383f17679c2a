import { type ImageSource, imageSource } from "../../images";
import { useUi } from "../context";

/**
 * Decides whether a file's picture is loaded. The server that keeps the files counts as allowed:
 * it knows who looks at them anyway.
 */
export function useFileImage(src: string | null | undefined): ImageSource {
  const ui = useUi();
  const allowed = ui.chat.thread.value?.allowed_image_domains ?? [];
  const own = ui.apiHost.value;
  return imageSource(src, own === null ? allowed : [...allowed, own]);
}
