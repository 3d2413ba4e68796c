/* What the pages can do beyond being read: mark a symbol everywhere, copy code, and be worked by keyboard alone. */
(() => {
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];

  // Pointing at a symbol, or focusing its row in a table, marks it in formulas, tables and code.
  const mark = (key) => {
    for (const old of all(".marked")) old.classList.remove("marked");
    if (!key) return;
    for (const found of all(`[data-sym="${key}"]`)) found.classList.add("marked");
  };
  const key = (target) => target.closest?.("[data-sym]")?.dataset.sym;
  const symbols = () => {
    for (const first of all("td:first-child [data-sym]")) {
      const row = first.closest("tr");
      if (row.cells[1]?.querySelector(".swatch")) Object.assign(row, { tabIndex: 0 }).dataset.sym = first.dataset.sym;
    }
    for (const kind of ["pointerover", "focusin", "click"]) {
      document.addEventListener(kind, (event) => mark(key(event.target)));
    }
    document.addEventListener("focusout", () => mark());
    document.addEventListener("keydown", (event) => event.key === "Escape" && mark());
  };

  // A button on each block of code.
  const copied = document.createElement("p");
  const copy = async (block, button) => {
    try {
      await navigator.clipboard.writeText(block.textContent);
    } catch {
      getSelection().selectAllChildren(block);
      document.execCommand("copy");
      getSelection().removeAllRanges();
    }
    button.textContent = copied.textContent = "Copied";
    button.classList.add("done");
    setTimeout(() => {
      button.textContent = "Copy";
      copied.textContent = "";
      button.classList.remove("done");
    }, 2000);
  };
  const buttons = () => {
    copied.setAttribute("role", "status");
    copied.className = "unseen";
    document.body.append(copied);
    for (const block of all(".highlight pre > code")) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "copy-code", textContent: "Copy" });
      button.addEventListener("click", () => copy(block, button));
      block.closest(".highlight").append(button);
    }
  };

  // Boxes are a stop of the Tab key only while they scroll.
  const boxes = () => {
    const stop = (box) => (box.tabIndex = box.scrollWidth > box.clientWidth ? 0 : -1);
    const seen = new ResizeObserver((entries) => entries.forEach(({ target }) => stop(target)));
    for (const box of all(".scroll, .equation")) seen.observe(box);
  };

  // The theme opens menu and search by labels, which no key reaches: put a button inside.
  const labels = () => {
    for (const [name, title] of [["__drawer", "Contents"], ["__search", "Search"]]) {
      for (const label of all(`.md-header__button[for=${name}]`)) {
        const button = Object.assign(document.createElement("button"), { type: "button", ariaLabel: title });
        button.addEventListener("click", () => document.getElementById(name).click());
        button.append(...label.childNodes);
        label.append(button);
      }
    }
  };

  symbols();
  buttons();
  boxes();
  labels();
})();
