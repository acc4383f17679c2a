import type { ImageSource } from "../../images";

export type ImageLinkProps = {
  source: Exclude<ImageSource, { kind: "shown" }>;
  /** What the picture shows, or the file's name. */
  alt?: string;
  /** Says that it comes from a host. */
  label: (host: string) => string;
};

/** Stands for a picture that isn't loaded, and says where it would come from. */
export function ImageLink({ source, alt, label }: ImageLinkProps) {
  const text = `${alt ? `${alt} · ` : ""}${label(source.host)}`;
  if (source.kind === "none") return <span class="md-foreign-image">{text}</span>;
  return (
    <a class="md-foreign-image" href={source.href} target="_blank" rel="noopener noreferrer">
      {text}
    </a>
  );
}
