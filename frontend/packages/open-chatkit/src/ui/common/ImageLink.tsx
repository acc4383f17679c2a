import type { ImageSource } from "../../images";

export type ImageLinkProps = {
  source: Exclude<ImageSource, { kind: "shown" }>;
  /** The image's description, or the file's name. */
  alt?: string;
  /** Returns a text with the image's host. */
  label: (host: string) => string;
};

/** Replaces an image that isn't loaded by a link with its host. */
export function ImageLink({ source, alt, label }: ImageLinkProps) {
  const text = `${alt ? `${alt} · ` : ""}${label(source.host)}`;
  if (source.kind === "none") return <span class="md-foreign-image">{text}</span>;
  return (
    <a class="md-foreign-image" href={source.href} target="_blank" rel="noopener noreferrer">
      {text}
    </a>
  );
}
