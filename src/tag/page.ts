/** The page that the tag is a guest in. */
import { say } from './debug.ts';
import { options } from './script.ts';

/** The function, without what it throws. */
export const safe =
  <Given>(run: (given: Given) => unknown) =>
  (given: Given): void => {
    try {
      run(given);
    } catch (error) {
      say(error);
    }
  };

/** No listener misses an event because the page stops it, or because it does not bubble, and none throws into the page. */
export const listen = (type: string, handle: (event: never) => unknown): void =>
  addEventListener(type, (PLUS ? safe(handle) : handle) as EventListener, true);

/**
 * A page's URL as it is reported: without its fragment, which never leaves the browser otherwise and at times holds a
 * secret. With data-hash a fragment that is a route (#/about, #!/about) becomes the end of the path, and its query a part
 * of the query.
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
