// Runs in every page before its own scripts: says on the console what no page of the site may have.
(() => {
  const tell = (fault) => console.error(`page fault: ${fault} (${location.pathname})`);
  const name = (node) => `${node.tagName.toLowerCase()}${node.id && `#${node.id}`}.${[...node.classList].join(".")}`;
  const shown = (node) => node.checkVisibility({ visibilityProperty: true });

  addEventListener("securitypolicyviolation", (event) => tell(`content policy, ${event.violatedDirective}`));

  function check() {
    const wide = document.scrollingElement;
    if (wide.scrollWidth > innerWidth) {
      const out = [...document.body.querySelectorAll("*")].filter((node) => shown(node) && node.getBoundingClientRect().right > innerWidth + 1);
      tell(`wider than the window, ${wide.scrollWidth} > ${innerWidth}: ${out.slice(-3).map(name).join(", ")}`);
    }
    if (!document.title.split(" · ")[0].trim()) tell("no title");
    const heads = [...document.querySelectorAll("h1")];
    if (heads.length !== 1 || !heads[0].textContent.trim()) tell(`${heads.length} first headings`);
    const ids = [...document.querySelectorAll("[id]")].map((node) => node.id);
    const twice = ids.filter((id, place) => ids.indexOf(id) !== place);
    if (twice.length) tell(`the same id twice: ${twice.join(", ")}`);
    for (const label of document.querySelectorAll(".btn, .tag, .nav-tabs a, .phone-tabs a, .side-item")) {
      if (shown(label) && label.scrollWidth > label.clientWidth + 1) tell(`a label is cut: ${name(label)} ${label.textContent.trim()}`);
    }
  }

  addEventListener("load", () => document.fonts.ready.then(check));
})();
