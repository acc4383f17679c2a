import { imageSource } from "../../images";
import { useSettings } from "../context";
import { Icon } from "../Icon";
import type { Shape } from "../types";

export type StatusProps = { of: Shape<"Card">["status"] | null };

/** The line above a widget with its source or status. */
export function Status({ of: status }: StatusProps) {
  const { images } = useSettings();
  if (!status) return null;
  const source = "favicon" in status ? imageSource(status.favicon, images?.allowedDomains) : null;
  return (
    <span class="w-status">
      {source?.kind === "shown" ? (
        <img
          class={`w-favicon${"frame" in status && status.frame ? " w-favicon-frame" : ""}`}
          src={source.src}
          alt=""
        />
      ) : null}
      {"icon" in status && status.icon ? <Icon name={status.icon} /> : null}
      <span>{status.text}</span>
    </span>
  );
}
