/** The tag's script element, the options in its attributes, and the Worker's addresses. */

declare global {
  /** Whether the build has options: /speck.plus.js and /speck.all.js have. */
  const PLUS: boolean;
  /** Whether the build speaks Meta's fbq: /speck.meta.js, which is /en_US/fbevents.js too, and /speck.all.js do. */
  const META: boolean;
  /** Whether the build works on pages that have replaced what the others rely on: /speck.all.js. */
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
 * The document. With ALL, only its own properties: an element such as `<img name="referrer">` hides the property of that name.
 */
export const doc: Document = ALL
  ? new Proxy(document, {
      get(target, name: keyof Document) {
        const value = target[name];
        const own = typeof value === 'object' ? Reflect.get(Document.prototype, name, target) : value;
        return typeof own === 'function' ? (...args: unknown[]) => Reflect.apply(own, target, args) : own;
      },
    })
  : document;

const current = Reflect.get(Document.prototype, 'currentScript', ALL ? document : doc) as HTMLScriptElement;

/**
 * The tag's element. A build that another one imports is a module, which has no `currentScript`. The other build leaves the
 * element in `speck.q`, since the page may have removed it from the document.
 */
export const script =
  PLUS || META
    ? current ||
      window.speck?.q?.script ||
      doc.querySelector<HTMLScriptElement>('[data-pixel^=px_]') ||
      (ALL && doc.querySelector<HTMLScriptElement>('[src*=fbevents]'))
    : current;

/** The attributes, live: changes apply at once. With ALL, without properties that the page has added to all objects. */
export const options: Options = ALL && script ? Object.setPrototypeOf(script.dataset, null) : script?.dataset;

/** Whether data-use asks for an option. */
export const uses = (what: string): boolean =>
  RegExp(`(^|[\\s,])(all|${what})([\\s,]|$)`).test(options.use as string);

/**
 * An address of the Worker, relative to data-path. Pages may replace `URL`, so a regular expression finds the origin: the first
 * eight characters hold the scheme and its slashes.
 */
export const address = (name: string): string =>
  (ALL && options.host ? options.host.replace(/^\s*(?!\s|http)(\/\/)?/, 'https://') : script.src).match(
    /.{8}[^/]*/,
  ) + (script.getAttribute('data-path') || '/').replace(/[^/]*$/, name);

/** Loads a module that few pages need. The address is absolute, since a script of another origin has no base. */
export const load = (name: string): Promise<{ default(...args: unknown[]): Promise<unknown> }> =>
  import(address(`speck.${name}.js`));
