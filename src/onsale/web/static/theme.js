// Runs before anything is drawn, so that a chosen theme never flashes into the other.
try {
  const chosen = localStorage.getItem("onsale.theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage may be forbidden; the system's preference holds then.
}
