/** The domain of `--domain`. */
import { domainToASCII } from 'node:url';
import { UsageError } from '../target.ts';

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** The domain as a certificate has it. @throws UsageError if it is none, or none for a pixel. */
export function domainOf(text: string): string {
  const refuse = (why: string): never => {
    throw new UsageError(`--domain ${JSON.stringify(text)} ${why}`);
  };
  if (/[/:@?#\s]/.test(text))
    refuse('is more than a name: say it like px.example.com, without https:// and path.');
  if (text.includes('*')) refuse('is a pattern: a certificate needs the one name, such as px.example.com.');
  const domain = domainToASCII(text.replace(/\.$/, ''));
  const labels = domain.split('.');
  if (
    domain.length > 253 ||
    !labels.every((label) => LABEL.test(label)) ||
    /^\d*$/.test(labels.at(-1) ?? '')
  ) {
    refuse('is not the name of a host, such as px.example.com.');
  }
  if (labels.length < 3) {
    refuse(
      'is a whole site, which Speck would then answer in place of. Take a subdomain, such as px.example.com.',
    );
  }
  if (/\.(workers|pages)\.dev$/.test(domain)) {
    refuse('belongs to Cloudflare: the Worker has its address under workers.dev without this flag.');
  }
  return domain;
}
