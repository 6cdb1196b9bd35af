/** Whether a query or a body may hold a consent. Cheap, since every request is asked. */
export function mayConsent(text: string): boolean {
  return text.includes('granted');
}
