/** The snippet for pages of pixels with destinations of conversions. */
import { META_RELAY_STUB, RELAY_STUB, STUB } from '../model/stub.ts';

interface Install {
  readonly script: string;
  readonly script_url: string;
}

/** With `data-relay`, the stub that makes event ids, and the file that has this option. */
export function withRelay<Given extends Install>(install: Given): Given {
  const script_url = install.script_url.replace('.plus.', '.all.');
  const script = install.script
    .replace(STUB, RELAY_STUB)
    .replace(install.script_url, script_url)
    .replace(' data-use="all"', ' data-use="all" data-relay');
  return { ...install, script, script_url };
}

/** The same for pages that keep Meta's own pixel. */
export const besideMeta = (install: Install): string =>
  withRelay(install)
    .script.replace(RELAY_STUB, META_RELAY_STUB)
    .replace(' data-relay', ' data-relay data-alias="fbq"');
