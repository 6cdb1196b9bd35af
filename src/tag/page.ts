/** The page that the tag runs in. */
import { say } from './debug.ts';
import { options } from './script.ts';

/** The same function, but errors go to the debug log. */
export const safe =
  <Given>(run: (given: Given) => unknown) =>
  (given: Given): void => {
    try {
      run(given);
    } catch (error) {
      say(error);
    }
  };

/** Listens in the capturing phase, so that the page cannot stop an event. In builds with options, no listener throws into the page. */
export const listen = (type: string, handle: (event: never) => unknown): void =>
  addEventListener(type, (PLUS ? safe(handle) : handle) as EventListener, true);

/**
 * The page's URL without its fragment. Browsers send fragments to nobody, and some hold a secret. With data-hash, a fragment that
 * is a route (#/about, #!/about) becomes the end of the path, and its query becomes part of the query.
 */
export const pageUrl = (): string => {
  let url = location.href;
  if (ALL && 'hash' in options) {
    url = url
      .replace(/\/?(\?[^#]*)?#!?(\/[^?#]*)\??/, (_, query = '?', route) => `${route + query}&`)
      .replace('?&', '?');
  }
  return ((ALL && options.url) || url).replace(ALL ? /[?&]*(#.*)?$/ : /#.*/, '');
};
