/** Meta's fbq, for pages that were written for Meta's pixel. */
import { type About, handle, track, view } from './core.ts';
import { say } from './debug.ts';
import type { Data } from './outbox.ts';
import { matchUser } from './outbox.ts';
import { options, script } from './script.ts';

type Arguments = [name?: string, data?: Data, about?: About];
type Call = [command: string, ...rest: unknown[]];
/** Meta's script takes both. */
type Ids = About & { readonly event_id?: string };

/** The function that Meta's snippet creates. Calls wait in its queue until it has a callMethod. */
interface Fbq {
  (...call: Call): unknown;
  callMethod?: Fbq;
  disablePushState?: unknown;
  queue?: Call[];
  /** Of a callMethod of the tag's: that of Meta's own script, once it has run. */
  own?: Fbq | undefined;
}

/** Whether Meta's snippet, with its host changed, has loaded the tag. The pixel's id then comes from fbq('init', …) only. */
export const byMetaSnippet = META && /fbevents/.test(script?.src as string);

const globals = window as unknown as Record<string, Fbq | undefined>;
const alias = META ? options?.alias || (byMetaSnippet && 'fbq') || '' : '';

/** Whether the page counts navigations itself. Read each time, as Meta does. */
export const stopsHistory = (): unknown => globals[alias]?.disablePushState;

export const listenToMeta = (): void => {
  if (!alias) return;
  const call: Fbq = (command, ...given) => {
    const rest = given as Arguments;
    // The first argument is a pixel id.
    if (/Single/.test(command)) rest.shift();
    const [name, data, about] = rest;
    if (command === 'init') {
      options.pixel = options.pixel || name || '';
      if (data) matchUser(data);
    } else if (command === 'consent') handle([command, name === 'grant' ? 'granted' : 'denied']);
    else if (!/track/.test(command)) say(command);
    else if (ALL) return name === 'PageView' ? view(about, data) : track(name, data, about, 1);
    else if (name === 'PageView') view(about, data);
    else track(name, data, about);
    return;
  };
  if (ALL && 'relay' in options) {
    joinMeta(call);
    return;
  }
  const fbq = globals[alias] || call;
  globals[alias] = fbq;
  fbq.callMethod = call;
  for (const waiting of fbq.queue || []) call(...waiting);
};

/**
 * Lets Meta's own script have all calls as well, and events under the id that Speck has sent them with. Calls reach the tag through the
 * `callMethod` that Meta's snippet looks for: all references to fbq lead there, and its script may come first or later.
 */
const joinMeta = (hear: Fbq): void => {
  /** Tells Speck of a call, and returns it as Meta's script gets it. */
  const pass = (given: Call): Call => {
    try {
      const call = [...given] as Call;
      const at = /Single/.test(call[0]) ? 4 : 3;
      const about = call[at] as Ids | undefined;
      const own = about?.eventID || about?.event_id;
      const heard = [...call] as Call;
      heard[at] = { ...about, eventID: own };
      const id = hear(...heard);
      if (id && !own) {
        call[at - 1] = call[at - 1] || {};
        call[at] = { ...about, eventID: id };
      }
      return call;
    } catch (error) {
      say(error);
      return given;
    }
  };

  const join = (fbq: Fbq): void => {
    const both: Fbq = function (this: unknown, ...given) {
      const call = pass(given);
      if (both.own) return both.own.apply(this, call);
      fbq.queue = fbq.queue || [];
      return fbq.queue.push(call);
    };
    both.own = fbq.callMethod;
    if (both.own) say('fbq: the calls before this one are known to Meta only');
    // Meta's script takes what waits without a look at callMethod.
    const queue = fbq.queue || [];
    for (let index = 0; index < queue.length; index++) queue[index] = pass(queue[index] as Call);
    define(fbq, 'callMethod', {
      get: () => both,
      set(own) {
        both.own = own;
      },
    });
  };

  const fbq = globals[alias];
  if (fbq) join(fbq);
  else {
    // Meta's snippet does nothing if there is an fbq, so the tag makes none.
    define(window, alias, {
      get: () => undefined,
      set(value) {
        if (!value) return;
        define(window, alias, { value, writable: true });
        if (typeof value === 'function') join(value);
      },
    });
  }
};

/** Defines a property, without those that the page has added to all objects. */
const define = (object: object, name: string, how: PropertyDescriptor): unknown =>
  Object.defineProperty(object, name, {
    __proto__: null,
    configurable: true,
    enumerable: true,
    ...how,
  } as PropertyDescriptor);
