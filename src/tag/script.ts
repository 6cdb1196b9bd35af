/** The script element that the tag was loaded by, the options that its attributes hold, and where the Worker is. */

declare global {
  /** Whether the build has options: /speck.plus.js and /speck.all.js have. */
  const PLUS: boolean;
  /** Whether the build speaks Meta's fbq: /speck.meta.js, which is /en_US/fbevents.js too, and /speck.all.js do. */
  const META: boolean;
  /** Whether the build stands on a page that has replaced what the others stand on: /speck.all.js. */
  const ALL: boolean;
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

/**
 * The document. With ALL by its own properties only: an element of such a name, as `<img name="referrer">`, stands before
 * what the document itself says.
 */
export const doc: Document = ALL
  ? new Proxy(document, {
      get(target, name: keyof Document) {
        const value = target[name];
        const own = typeof value === 'object' ? Reflect.get(Document.prototype, name, target) : value;
        return typeof own === 'function' ? (...given: unknown[]) => Reflect.apply(own, target, given) : own;
      },
    })
  : document;

const current = Reflect.get(Document.prototype, 'currentScript', document) as HTMLScriptElement;

/**
 * A module does not know its element, and the builds import each other as one: the build before left it where calls wait, since the
 * page may have taken it out meanwhile.
 */
export const script =
  PLUS || META
    ? current ||
      window.speck?.q?.script ||
      doc.querySelector<HTMLScriptElement>('[data-pixel^=px_]') ||
      (ALL && doc.querySelector<HTMLScriptElement>('[src*=fbevents]'))
    : current;

/** Live: what the page changes counts from then on. With ALL, without what the page has given to all objects. */
export const options: Options = ALL && script ? Object.setPrototypeOf(script.dataset, null) : script?.dataset;

/** Whether data-use asks for an option. */
export const uses = (what: string): boolean =>
  RegExp(`(^|[\\s,])(all|${what})(?![^\\s,])`).test(options.use as string);

/**
 * An address of the Worker. With a data-path all of them lie beside it.
 * Without `URL`, a name that pages like to use for a text of theirs: eight characters hold a scheme and its slashes.
 */
export const address = (name: string): string =>
  (ALL && options.host ? options.host.replace(/^\s*(?!\s|http)(\/\/)?/, 'https://') : script.src).match(
    /.{8}[^/]*/,
  ) + (script.getAttribute('data-path') || '/').replace(/[^/]*$/, name);

/** Loads what few pages need. Its address is whole, since a script of another origin has no base. */
export const load = (name: string): Promise<{ default(...given: unknown[]): Promise<unknown> }> =>
  import(address(`speck.${name}.js`));
