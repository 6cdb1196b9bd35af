// Applies the theme before the first paint: that of a public page's address, or the one that the reader chose.
try {
  const given =
    location.pathname.startsWith('/app/public/') && new URLSearchParams(location.search).get('theme');
  const theme = given || localStorage.getItem('speck-theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // Storage is disabled: the system's theme applies.
}
