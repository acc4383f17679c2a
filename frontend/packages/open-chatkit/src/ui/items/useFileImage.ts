import { type ImageSource, imageSource } from "../../images";
import { useImageHosts, useUi } from "../context";

/**
 * Returns whether a file's image may be loaded. The server that stores the files is allowed: it
 * knows who views them anyway.
 */
export function useFileImage(src: string | null | undefined): ImageSource {
  const ui = useUi();
  const allowed = useImageHosts();
  const own = ui.apiHost.value;
  return imageSource(src, own === null ? allowed : [...allowed, own]);
}
