const OFFICIAL = process.env.NEXT_PUBLIC_CHATKIT_SCRIPT ?? "";

/** True if the site loads OpenAI's chat component instead of its own. */
export const usesOfficialScript = OFFICIAL !== "";

/** The URL of the chat component's script. */
export const CHATKIT_SCRIPT = OFFICIAL || "/chatkit/chatkit.js";

/** The official script's key for the site's domain; any value works on localhost. */
export const DOMAIN_KEY = process.env.NEXT_PUBLIC_CHATKIT_DOMAIN_KEY || "domain_pk_localhost_dev";

/** The element that the script defines. */
export const CHATKIT_ELEMENT = "openai-chatkit";

let loading: Promise<void> | null = null;

/**
 * Loads the script once per page and resolves when the element is defined.
 *
 * The next call after a failure tries again.
 */
export function loadChatKit(): Promise<void> {
  loading ??= addScript().catch((error: unknown) => {
    loading = null;
    throw error;
  });
  return loading;
}

async function addScript(): Promise<void> {
  if (customElements.get(CHATKIT_ELEMENT)) return;
  await new Promise<void>((resolve, reject) => {
    const script = document.createElement("script");
    script.src = CHATKIT_SCRIPT;
    script.async = true;
    script.addEventListener("error", () => {
      script.remove();
      reject(new Error(`${CHATKIT_SCRIPT} could not be loaded`));
    });
    script.addEventListener("load", () => resolve());
    document.head.append(script);
  });
  await customElements.whenDefined(CHATKIT_ELEMENT);
}
