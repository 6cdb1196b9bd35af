/** The script element that the tag was loaded by, and the options that its attributes hold. */

declare global {
  /** Whether the build has options: /speck.plus.js and /speck.meta.js have, /speck.js has not. */
  const PLUS: boolean;
  /** Whether the build speaks Meta's fbq: /speck.meta.js, which is /en_US/fbevents.js too. */
  const META: boolean;
}

interface Options extends DOMStringMap {
  pixel?: string;
  consent?: string;
  use?: string;
  downloads?: string;
  url?: string;
  host?: string;
  path?: string;
  alias?: string;
}

const current = document.currentScript as HTMLScriptElement;

/** A module does not know its element, and the builds import each other as one. */
export const script = PLUS
  ? current || (document.querySelector('[data-pixel^=px_]') as HTMLScriptElement)
  : current;

/** Live: what the page changes counts from then on. */
export const options = script?.dataset as Options;

/** Whether data-use asks for an option. */
export const uses = (what: string): boolean => RegExp(`all|${what}`).test(options.use as string);

/** An address of the Worker. */
export const address = (path: string): URL => new URL(path, (PLUS && options.host) || script.src);

/** Loads what few pages need. Its address is whole, since a script of another origin has no base. */
export const load = (name: string): Promise<{ default(...given: unknown[]): Promise<unknown> }> =>
  import(address(`/speck.${name}.js`) as unknown as string);
