/**
 * Google Tag Manager's sandbox for custom templates, as its documentation describes it: the APIs that a template may require, each
 * with the permission that it needs. Also runs in a page, so `runTemplate` refers to nothing outside of it.
 */

/** The sections of a template file, by their names. */
export function sectionsOf(file: string): Readonly<Record<string, string>> {
  const parts = file.split(/^___([A-Z_]+)___$/m);
  const sections: Record<string, string> = {};
  for (let index = 1; index < parts.length; index += 2) {
    sections[parts[index] ?? ''] = (parts[index + 1] ?? '').trim();
  }
  return sections;
}

/** What a template may do, in short: of each permission, its parameters. */
export interface Permissions {
  readonly [publicId: string]: {
    readonly urls?: readonly string[];
    readonly keys?: Readonly<
      Record<string, { readonly read: boolean; readonly write: boolean; readonly execute: boolean }>
    >;
    readonly consentTypes?: Readonly<Record<string, { readonly read: boolean; readonly write: boolean }>>;
  };
}

type Value =
  | { readonly type: 1; readonly string: string }
  | { readonly type: 8; readonly boolean: boolean }
  | { readonly type: 2; readonly listItem: readonly Value[] }
  | { readonly type: 3; readonly mapKey: readonly Value[]; readonly mapValue: readonly Value[] };

/** A value in the notation of the permissions: 1 is a text, 2 a list, 3 a map, 8 a boolean. */
function parsedValue(value: Value): unknown {
  if (value.type === 1) return value.string;
  if (value.type === 8) return value.boolean;
  if (value.type === 2) return value.listItem.map(parsedValue);
  return Object.fromEntries(
    value.mapKey.map((key, index) => [parsedValue(key), parsedValue(value.mapValue[index] as Value)]),
  );
}

interface Declared {
  readonly instance: {
    readonly key: { readonly publicId: string };
    readonly param: readonly { readonly key: string; readonly value: Value }[];
  };
}

export function permissionsOf(json: string): Permissions {
  const declared = JSON.parse(json) as readonly Declared[];
  return Object.fromEntries(
    declared.map(({ instance: { key, param } }) => [
      key.publicId,
      Object.fromEntries(
        param.map(({ key, value }) => {
          const parsed = parsedValue(value) as readonly Record<string, unknown>[];
          if (key === 'urls') return [key, parsed];
          const name = key === 'keys' ? 'key' : 'consentType';
          return [key, Object.fromEntries(parsed.map((one) => [one[name], one]))];
        }),
      ),
    ]),
  ) as Permissions;
}

/** The page and the container that a template runs in. They outlive a run. */
export interface Surroundings {
  readonly window: Record<string, unknown>;
  /** Loads a script into an element without attributes. */
  readonly loadScript: (url: string, onSuccess: () => void, onFailure: () => void) => void;
  /** The state of consent types. One without a state counts as granted. */
  readonly consent: Record<string, 'granted' | 'denied'>;
  readonly listeners: [type: string, run: (type: string, granted: boolean) => void][];
  readonly storage: Record<string, unknown>;
  readonly tokens: string[];
  /** In place of an API. */
  readonly mocks?: Readonly<Record<string, unknown>>;
  /** Called for each call of an API. */
  readonly onCall?: (api: string, args: readonly unknown[]) => void;
}

type Data = Readonly<Record<string, unknown>>;

/**
 * Runs the code of a template.
 * @param evaluate makes a function of the code, with the parameters `require` and `data`, that sees no globals.
 */
export function runTemplate(
  evaluate: (code: string) => (require: (api: string) => unknown, data: Data) => void,
  code: string,
  permissions: Permissions,
  { window, loadScript, consent, listeners, storage, tokens, mocks = {}, onCall = () => {} }: Surroundings,
  data: Data,
): void {
  const refuse = (what: string): never => {
    throw new Error(`The template has no permission for ${what}`);
  };
  const need = (publicId: string) => permissions[publicId] ?? refuse(publicId);
  const needGlobal = (path: string, ...access: ('read' | 'write' | 'execute')[]): void => {
    const granted = need('access_globals').keys?.[path];
    for (const one of access) if (!granted?.[one]) refuse(`access_globals ${one} ${path}`);
  };
  const needConsent = (type: string): void => {
    if (!need('access_consent').consentTypes?.[type]?.read) refuse(`access_consent read ${type}`);
  };
  const matches = (url: string, pattern: string): boolean =>
    RegExp(`^${pattern.replace(/[.?+^$()[\]{}|\\]/g, '\\$&').replaceAll('*', '.*')}$`).test(url);
  const read = (path: string): unknown =>
    path
      .split('.')
      .reduce<unknown>((value, part) => (value as Record<string, unknown> | undefined)?.[part], window);
  const write = (path: string, value: unknown): void => {
    const parts = path.split('.');
    const last = parts.pop() ?? '';
    Object.assign(read(parts.join('.') || 'self') as object, { [last]: value });
  };
  window['self'] = window;

  const apis: Record<string, unknown> = {
    addConsentListener(type: string, run: (type: string, granted: boolean) => void) {
      needConsent(type);
      listeners.push([type, run]);
    },
    isConsentGranted(type: string) {
      needConsent(type);
      return consent[type] !== 'denied';
    },
    callInWindow(path: string, ...args: unknown[]) {
      needGlobal(path, 'execute');
      const run = read(path);
      return typeof run === 'function' ? run(...args) : undefined;
    },
    copyFromWindow(path: string) {
      needGlobal(path, 'read');
      return read(path);
    },
    createArgumentsQueue(path: string, list: string) {
      needGlobal(path, 'read', 'write');
      needGlobal(list, 'read', 'write');
      if (read(path) === undefined) {
        write(path, function () {
          // biome-ignore lint/complexity/noArguments: that it pushes these is what the API is for.
          (read(list) as unknown[]).push(arguments);
        });
      }
      if (read(list) === undefined) write(list, []);
      return read(path);
    },
    encodeUriComponent,
    injectScript(url: string, onSuccess: () => void, onFailure: () => void, token?: string) {
      if (!need('inject_script').urls?.some((pattern) => matches(url, pattern)))
        refuse(`inject_script ${url}`);
      // A script with a token that was loaded before is not loaded again.
      if (token !== undefined && tokens.includes(token)) return onSuccess();
      if (token !== undefined) tokens.push(token);
      loadScript(url, onSuccess, onFailure);
    },
    makeTableMap(rows: readonly Record<string, unknown>[], key: string, value: string) {
      return rows.length === 0 ? null : Object.fromEntries(rows.map((row) => [row[key], row[value]]));
    },
    templateStorage: {
      getItem(key: string) {
        need('access_template_storage');
        return storage[key] ?? null;
      },
      setItem(key: string, value: unknown) {
        need('access_template_storage');
        storage[key] = value;
      },
    },
  };
  function encodeUriComponent(text: string): string {
    return encodeURIComponent(text);
  }
  const require = (api: string): unknown => {
    const own = apis[api] ?? refuse(`an API named ${api}`);
    if (typeof own !== 'function') return own;
    return (...args: unknown[]) => {
      onCall(api, args);
      const mock = api in mocks ? mocks[api] : own;
      return typeof mock === 'function' ? mock(...args) : mock;
    };
  };
  evaluate(code)(require, data);
}
