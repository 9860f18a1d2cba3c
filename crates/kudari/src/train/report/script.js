
// Shows the values of the measurement nearest to the pointer. The page is whole without it.
for (const chart of document.querySelectorAll("[data-points]")) {
  const svg = chart.querySelector("svg"), cross = svg.querySelector(".cross"), tip = chart.querySelector(".tip");
  const numbers = JSON.parse(chart.dataset.points), points = [];
  for (let i = 0; i < numbers.length; i += 2) points.push({ x: numbers[i], text: numbers[i + 1] });
  const show = event => {
    const box = svg.getBoundingClientRect(), width = svg.viewBox.baseVal.width, scale = box.width / width;
    const x = (event.clientX - box.left) / scale, far = p => Math.abs(p.x - x);
    const nearest = points.reduce((a, b) => (far(b) < far(a) ? b : a));
    cross.setAttribute("x1", nearest.x);
    cross.setAttribute("x2", nearest.x);
    tip.textContent = nearest.text;
    const left = nearest.x * scale;
    tip.style.left = (nearest.x > width / 2 ? left - tip.offsetWidth - 10 : left + 10) + "px";
    // A loss leaves room at the top, an accuracy at the bottom.
    const top = box.top - chart.getBoundingClientRect().top;
    tip.style.top = top + (chart.classList.contains("share") ? box.height * .82 - tip.offsetHeight : box.height * .1) + "px";
    chart.classList.add("on");
  };
  svg.addEventListener("pointermove", show);
  svg.addEventListener("pointerdown", show);
  svg.addEventListener("pointerleave", () => chart.classList.remove("on"));
}
