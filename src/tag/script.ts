/** The tag's script element, the options in its attributes, and the Worker's addresses. */
import type { Module, Options } from './host.ts';

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

const current = (
  PACKAGE ? null : Reflect.get(Document.prototype, 'currentScript', ALL ? document : doc)
) as HTMLScriptElement;

/**
 * The tag's element. Modules have no `currentScript`. A build that another one imports is a module: the other one leaves the element in
 * `speck.q`, since the page may have removed it from the document. The Worker replaces `speck.` where it serves
 * the script under another name.
 */
export const script: HTMLScriptElement =
  !PACKAGE && (PLUS || META)
    ? current ||
      window.speck?.q?.script ||
      doc.querySelector<HTMLScriptElement>('[data-pixel^=px_]') ||
      ((ALL &&
        (doc.querySelector<HTMLScriptElement>('script[src*="=px_"],script[src*="/speck."]') ||
          doc.querySelector<HTMLScriptElement>('[src*=fbevents]'))) as HTMLScriptElement)
    : current;

/** The attributes, live: changes apply at once. With ALL, without properties that the page has added to all objects. */
export const options: Options = PACKAGE
  ? HOST.options
  : ALL && script
    ? Object.setPrototypeOf(script.dataset, null)
    : script?.dataset;

// Tag managers drop attributes. Then the options are in the script's URL, or in speckPixel: `px_…&use=all`.
if (ALL && !PACKAGE && options && !options.pixel) {
  (window.speckPixel ? `&id=${window.speckPixel}` : script.src).replace(
    /[?&](\w+)=?([^&#]*)/g,
    (_, name, value) => (options[name === 'id' ? 'pixel' : name] = unescape(value)),
  );
}

/** Whether data-relay asks for what networks need of a conversion, and the visitor allows it. A refusal in the browser overrules a consent. */
export const relays = (): boolean =>
  ALL &&
  'relay' in options &&
  options.consent === 'granted' &&
  !(navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl &&
  navigator.doNotTrack !== '1';

/** Whether data-use asks for an option. */
export const uses = (what: string): boolean =>
  RegExp(`(^|[\\s,])(all|${what})([\\s,]|$)`).test(options.use as string);

/** Where the tag's URLs lie: beside the script, or, with ALL, beside data-path on data-host. Pages may replace `URL`. */
const base = (): string => {
  if (!ALL || !(options.host || options.path)) return script.src;
  const url = options.host ? options.host.replace(/^\s*(?!\s|http)(\/\/)?/, 'https://') : script.src;
  // The first eight characters hold the scheme and its slashes.
  return url.match(/.{8}[^/]*/) + (options.path || '/');
};

/** An address of the Worker: a name in place of the script's. Meta's script is in a folder of its own. */
export const address = (name: string): string =>
  PACKAGE
    ? HOST.address(name)
    : base().replace(META ? /([^/]+\/fbevents)?[^/?]*(\?.*)?$/ : /[^/?]*(\?.*)?$/, name);

/**
 * Loads a module that few pages need. The address is absolute, since a script of another origin has no base. A module that does not
 * know its element has one.
 */
export const load = (name: string): Promise<Module> =>
  PACKAGE ? HOST.load(name) : import(`${script ? address('') : './'}speck.${name}.js`);
