import { useState } from "preact/hooks";
import { imageSource } from "../../images";
import { useSettings } from "../context";
import { block, color, defined, flex } from "../css";
import { Icon } from "../Icon";
import type { Color, Shape, Size } from "../types";

type ImageShape = Shape<"Image"> & { background?: Color; flex?: Size };

/** An image of an allowed origin; others are a link with the host. */
export function Image({ node }: { node: ImageShape }) {
  const { images, strings } = useSettings();
  const [failed, setFailed] = useState<string | null>(null);
  const source = imageSource(node.src, images?.allowedDomains);
  if (source.kind === "linked") {
    return (
      <a class="w-image-link" href={source.href} target="_blank" rel="noopener noreferrer">
        <Icon name="square-image" />
        <span>
          {node.alt ? `${node.alt} · ` : ""}
          {strings.imageFrom(source.host)}
        </span>
      </a>
    );
  }
  const style = {
    ...block(node),
    ...flex(node.flex),
    ...defined({
      background: color(node.background, "background"),
      "object-fit": /^(cover|contain|fill|scale-down|none)$/.test(node.fit ?? "")
        ? node.fit
        : undefined,
      "object-position": /^[a-z ]{3,12}$/.test(node.position ?? "") ? node.position : undefined,
    }),
  };
  const classes = `w-image${node.frame ? " w-image-frame" : ""}${node.flush ? " w-flush w-flush-edge" : ""}`;
  if (source.kind === "none" || failed === source.src) {
    return (
      <span class={`${classes} w-image-missing`} style={style}>
        <Icon name="square-image" />
        <span>{node.alt || strings.imageMissing}</span>
      </span>
    );
  }
  return (
    <img
      class={classes}
      style={style}
      src={source.src}
      alt={node.alt ?? ""}
      loading="lazy"
      decoding="async"
      onError={() => setFailed(source.src)}
    />
  );
}
