/** The built browser tag, as text. */
declare module '*.min.js' {
  const text: string;
  export default text;
}
