/** Pages that change what a script of theirs, or of somebody else, finds in them: each as a library or a policy in the wild does. */

export interface Kind {
  /** A script that runs before the tag. */
  readonly before?: string;
  /** A script that runs once the tag has counted the page. */
  readonly after?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the head of the page holds, besides scripts. */
  readonly head?: string;
  /** Where `history.pushState(…, '/next')` leads the page. `null`: the page itself prevents it. Without it `/next`. */
  readonly next?: string | null;
  /** What `history.pushState` gives the page back, as text. Without it `undefined`. */
  readonly returned?: string;
  /** Only a browser that tells of navigations can know of this one. */
  readonly needsNavigation?: true;
  /** What the page must have noticed: the script puts lines into `seen`, each of them once. */
  readonly seen?: readonly string[];
}

/**
 * Replaces a method by one that puts a line into `seen` if it is called on something other than it should be, and passes
 * on all that it is given, and what it gets.
 */
const WATCH = `
  function watch(owner, name, self) {
    const original = owner[name];
    owner[name] = function (...given) {
      const own = this === self || (self === window && this === undefined);
      if (!own) seen.push(name + ' of another object');
      return original.apply(this, given);
    };
  }`;

/** As zone.js does it: each callback is wrapped, promises have another \`then\`, and there is another class of promises. */
const ZONE = `${WATCH}
  for (const owner of [EventTarget.prototype, XMLHttpRequest.prototype, MutationObserver.prototype, Navigator.prototype]) Object.seal(owner);
  const inZone = (run) => typeof run === 'function' && function (...given) { return run.apply(this, given); };
  const wrapFirst = (owner, name, at = 0) => {
    const original = owner[name];
    owner[name] = function (...given) {
      if (given.length <= at) seen.push(name + ' without its callback');
      given[at] = inZone(given[at]) || given[at];
      return original.apply(this, given);
    };
  };
  wrapFirst(EventTarget.prototype, 'addEventListener', 1);
  for (const name of ['setTimeout', 'setInterval', 'queueMicrotask', 'requestAnimationFrame']) wrapFirst(window, name);
  for (const name of ['open', 'send']) {
    const original = XMLHttpRequest.prototype[name];
    XMLHttpRequest.prototype[name] = function (...given) { seen.push('XMLHttpRequest'); return original.apply(this, given); };
  }
  const Observer = MutationObserver;
  window.MutationObserver = function (run) { seen.push('MutationObserver'); return new Observer(inZone(run)); };
  const Native = Promise, nativeThen = Native.prototype.then;
  class ZonePromise {
    constructor(run) { this.native = new Native(run); }
    static resolve(value) { return new this((done) => done(value)); }
    static reject(error) { return new this((_, fail) => fail(error)); }
    then(done, fail) { return new ZonePromise((d, f) => nativeThen.call(nativeThen.call(this.native, inZone(done), inZone(fail)), d, f)); }
    catch(fail) { return this.then(null, fail); }
  }
  Native.prototype.then = function (done, fail) {
    return new ZonePromise((d, f) => nativeThen.call(this, d, f)).then(done, fail);
  };
  window.Promise = ZonePromise;
  const { fetch } = window;
  window.fetch = (...given) => new ZonePromise((done, fail) => nativeThen.call(fetch(...given), done, fail));
  watch(navigator, 'sendBeacon', navigator);`;

/** What a method of \`history\` becomes; ORIGINAL is the method as it was. */
const history = (method: string): string => `
  for (const name of ['pushState', 'replaceState']) {
    const ORIGINAL = history[name];
    history[name] = ${method};
  }`;

const PATCHES: Readonly<Record<string, Omit<Kind, 'before' | 'after'> & { readonly method: string }>> = {
  'an arrow function that calls the original': { method: '(...given) => ORIGINAL.apply(history, given)' },
  'an arrow function that gives something back': {
    method: "(...given) => { ORIGINAL.apply(history, given); return 'given back'; }",
    returned: 'given back',
  },
  'a function that asks for its object and its arguments': {
    method: `function (...given) {
      if (this === history) seen.push('own object');
      seen.push(given.length + ' arguments');
      return ORIGINAL.apply(this, given);
    }`,
    seen: ['own object', '4 arguments'],
  },
  'a function that goes around the original': {
    method: '(...given) => History.prototype[name].apply(history, given)',
  },
  'a function that goes elsewhere': {
    method: "(state, title) => ORIGINAL.call(history, state, title, '/elsewhere')",
    next: '/elsewhere',
  },
  'an arrow function that does not call the original': {
    method: "() => 'prevented'",
    next: null,
    returned: 'prevented',
  },
  'a function that throws': {
    method: "() => { throw new Error('by the page') }",
    next: null,
    returned: 'Error: by the page',
  },
  'a function that throws once it has navigated': {
    method: "(...given) => { ORIGINAL.apply(history, given); throw new Error('by the page') }",
    returned: 'Error: by the page',
  },
};

const AROUND = /History\.prototype/;
const patched = (when: 'before' | 'after'): Record<string, Kind> =>
  Object.fromEntries(
    Object.entries(PATCHES).map(([name, { method, ...kind }]) => [
      `history has ${name}, ${when} the tag`,
      // What goes around the tag's own method only the browser knows of.
      {
        ...kind,
        [when]: history(method),
        ...(when === 'after' && AROUND.test(method) && { needsNavigation: true }),
      },
    ]),
  );

const constructors = [
  'Object',
  'Array',
  'Function',
  'String',
  'Number',
  'Promise',
  'RegExp',
  'Error',
  'Symbol',
  'Date',
];
const freeze = (names: readonly string[]): string =>
  `for (const given of [${names}]) { Object.freeze(given); Object.freeze(given.prototype); }`;

export const KINDS: Readonly<Record<string, Kind>> = {
  'the prototypes of the language are frozen': { before: freeze(constructors) },
  'history, navigator, JSON and the document are frozen': {
    needsNavigation: true,
    before: freeze(['history', 'navigator', 'JSON', 'document']),
  },
  'all that the window has is frozen': {
    needsNavigation: true,
    before: `for (const name of Object.getOwnPropertyNames(window)) {
      const value = Object.getOwnPropertyDescriptor(window, name).value;
      if (typeof value === 'function' && value.prototype) Object.freeze(value.prototype);
    }`,
  },
  'history lets nobody replace its methods': {
    needsNavigation: true,
    before: `for (const name of ['pushState', 'replaceState']) {
      const value = history[name];
      Object.defineProperty(history, name, { get: () => value, set() { throw new Error('by the page'); } });
    }`,
  },
  'trusted types are required, and no policy may be made': {
    headers: { 'content-security-policy': "require-trusted-types-for 'script'; trusted-types 'none'" },
  },
  'callbacks and promises are wrapped as by zone.js': { before: ZONE },
  'the class of promises is another one': {
    before: `${WATCH}
      const Native = Promise;
      window.Promise = function (run) { const waiting = []; seen.push('Promise'); run(() => {}, () => {}); };
      Native.prototype.constructor = window.Promise;`,
  },
  'promises have only a then': {
    before: `for (const name of ['catch', 'finally']) delete Promise.prototype[name];
      for (const name of ['all', 'resolve', 'reject', 'race', 'any', 'allSettled']) delete Promise[name];`,
  },
  'JSON.stringify is the page’s own': { before: "JSON.stringify = () => 'by the page';" },
  'JSON.stringify throws later': { after: "JSON.stringify = () => { throw new Error('by the page'); };" },
  'lists have a toJSON': { before: "Array.prototype.toJSON = () => 'by the page';" },
  'lists get a toJSON later': { after: "Array.prototype.toJSON = () => 'by the page';" },
  'texts get a toJSON': { before: "String.prototype.toJSON = () => 'by the page';" },
  'there is a base': {
    head: '<base href="http://elsewhere.example/deep/">',
    next: null,
    returned: 'SecurityError',
  },
  'there is a base of this site': { head: '<base href="/deep/" target="_blank">' },
  'the document is written anew once it has loaded': {
    after: "document.open(); document.write('<title>Anew</title><p>Anew</p>'); document.close();",
  },
  'sendBeacon is missing': { before: 'delete Navigator.prototype.sendBeacon;' },
  'sendBeacon refuses': { before: 'navigator.sendBeacon = () => false;' },
  'sendBeacon throws': { before: "navigator.sendBeacon = () => { throw new Error('by the page'); };" },
  'sendBeacon is wrapped and gives nothing back': {
    before: `const original = navigator.sendBeacon;
      navigator.sendBeacon = function (...given) {
        if (this !== navigator || given.length !== 2) seen.push('disturbed');
        original.apply(this, given);
      };`,
  },
  'fetch and sendBeacon are wrapped, and both fail': {
    before: `navigator.sendBeacon = () => false;
      window.fetch = () => new Promise((_, fail) => setTimeout(fail, 10, new TypeError('by the page')));`,
  },
  'storage throws': {
    before: "Object.defineProperty(window, 'localStorage', { get() { throw new Error('by the page'); } });",
  },
  'storage is missing': { before: "Object.defineProperty(window, 'localStorage', { value: null });" },
  'there are no random numbers': { before: "Object.defineProperty(window, 'crypto', { value: undefined });" },
  'the referrer throws': {
    before: "Object.defineProperty(document, 'referrer', { get() { throw new Error('by the page'); } });",
  },
  'addEventListener throws': {
    before: "window.addEventListener = () => { throw new Error('by the page'); };",
  },
  'a variable of the page is named navigation': { before: 'navigation = document.documentElement;' },
  'the console is missing': { before: "Object.defineProperty(window, 'console', { value: undefined });" },
  'the tag’s element is taken out as soon as it has run': {
    before: `new MutationObserver(() => {
      for (const element of document.querySelectorAll('[data-pixel]')) element.onload = () => element.remove();
    }).observe(document, { childList: true, subtree: true });`,
  },
  ...patched('before'),
  ...patched('after'),
};
