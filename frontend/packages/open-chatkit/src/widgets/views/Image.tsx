import { useState } from "preact/hooks";
import { imageSource } from "../../images";
import { color } from "../colors";
import { useSettings } from "../context";
import { block, defined, flex } from "../css";
import { Icon } from "../Icon";
import type { Color, Shape, Size } from "../types";

type ImageShape = Shape<"Image"> & { background?: Color; flex?: Size };

/** An image of an allowed host. Others keep their place, with a link to the image if it has a page. */
export function Image({ node }: { node: ImageShape }) {
  const { images, strings } = useSettings();
  const [failed, setFailed] = useState<string | null>(null);
  const source = imageSource(node.src, images?.allowedDomains);
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
  const isSized = ["width", "height", "max-width", "max-height", "flex"].some(
    (each) => each in style,
  );
  const classes = [
    "w-image",
    isSized ? "" : "w-image-natural",
    node.frame ? "w-image-frame" : "",
    node.flush ? "w-flush w-flush-edge" : "",
  ]
    .filter(Boolean)
    .join(" ");
  if (source.kind === "shown" && failed !== source.src) {
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
  if (!node.src && !node.alt) return null;
  // Its own background would say nothing about the contrast of the placeholder's text.
  const { background: _, ...place } = style;
  const hasArea =
    "aspect-ratio" in place || ("height" in place && ("width" in place || "flex" in place));
  // Beside other texts, words that only say that it is missing take up their place.
  const isUnnamed = !isSized && !node.alt;
  const common = {
    class: `${classes} w-image-place${hasArea ? " w-image-sized" : ""}${isUnnamed ? " w-image-unnamed" : ""}`,
    style: place,
  };
  if (source.kind === "linked") {
    const words = `${node.alt ? `${node.alt} · ` : ""}${strings.imageFrom(source.host)}`;
    return (
      <a
        {...common}
        href={source.href}
        target="_blank"
        rel="noopener noreferrer"
        title={words}
        aria-label={words}
      >
        <Icon name="square-image" />
        <span class="w-image-words">{words}</span>
      </a>
    );
  }
  const words = node.alt || strings.imageMissing;
  return (
    <span {...common} title={words}>
      <Icon name="square-image" />
      <span class="w-image-words">{words}</span>
    </span>
  );
}
