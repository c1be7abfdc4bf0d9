/*
 * A region is picked by province, city and county, or by typing a part of a name or of its code. Without this file the
 * same list is one long select, grouped by city.
 *
 *   select[data-regions='{"36": "江西省"}'][data-text-search][data-text-province][data-text-city][data-text-county]
 *     [data-text-none][data-text-found]
 *
 * The select stays what is sent; what stands on the page follows it, and it follows the page.
 */
(function () {
  "use strict";
  var MOST = 12;
  var made = 0;

  function read(select) {
    var provinces = JSON.parse(select.dataset.regions);
    return Array.prototype.filter.call(select.options, function (option) { return option.value; }).map(function (option) {
      var city = option.parentNode.label || "";
      var province = option.value.slice(0, 2);
      return {
        code: option.value, county: option.text, city: city, province: province,
        provinceName: provinces[province] || "", cityKey: province + city,
        full: (provinces[province] || "") + (city === option.text ? "" : city) + option.text
      };
    });
  }

  function element(name, attributes, parent) {
    var made = document.createElement(name);
    Object.keys(attributes).forEach(function (key) { made.setAttribute(key, attributes[key]); });
    if (parent) parent.appendChild(made);
    return made;
  }

  function fillIn(select, pairs, value) {
    select.textContent = "";
    [["", "———"]].concat(pairs).forEach(function (pair) {
      select.add(new Option(pair[1], pair[0], false, pair[0] === value));
    });
    select.disabled = !pairs.length;
  }

  function unique(places, key, name) {
    var seen = {};
    return places.reduce(function (found, place) {
      if (!seen[place[key]]) { seen[place[key]] = true; found.push([place[key], place[name]]); }
      return found;
    }, []);
  }

  function start(original) {
    if (original.dataset.picker) return;
    original.dataset.picker = "on";
    made += 1;
    var places = read(original);
    var text = original.dataset;
    var base = (original.id || "region") + "-picker-" + made;
    var several = unique(places, "province", "provinceName").length > 1;
    var box = element("div", { "class": "region-picker" });
    original.parentNode.insertBefore(box, original);
    original.hidden = true;

    var search = element("input", {
      "class": "form-control", type: "text", id: original.id || base + "-search", role: "combobox", "aria-expanded": "false",
      "aria-controls": base + "-list", "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false",
      placeholder: text.textSearch
    }, box);
    var list = element("ul", { "class": "region-list", id: base + "-list", role: "listbox", "aria-label": text.textSearch, hidden: "" }, box);
    var said = element("p", { "class": "visually-hidden", role: "status" }, box);
    var row = element("div", { "class": "region-steps" }, box);
    var steps = {};
    (several ? ["province", "city", "county"] : ["city", "county"]).forEach(function (level) {
      var step = element("div", { "class": "region-step" }, row);
      element("label", { "class": "form-text", "for": base + "-" + level }, step).textContent = text["text" + level[0].toUpperCase() + level.slice(1)];
      steps[level] = element("select", { "class": "form-select", id: base + "-" + level }, step);
    });

    // The label, and whatever leads to the question, leads to where one types.
    if (original.id) original.id += "-value";
    ["aria-describedby", "aria-invalid"].forEach(function (name) {
      if (original.hasAttribute(name)) search.setAttribute(name, original.getAttribute(name));
    });
    if (original.classList.contains("is-invalid")) { search.classList.add("is-invalid"); steps.county.classList.add("is-invalid"); }

    function of(code) { return places.filter(function (place) { return place.code === code; })[0]; }

    /* What stands on the page, from what is chosen so far. */
    function show(province, cityKey, code) {
      var within = several ? places.filter(function (place) { return place.province === province; }) : places;
      if (several) fillIn(steps.province, unique(places, "province", "provinceName"), province);
      fillIn(steps.city, unique(within, "cityKey", "city"), cityKey);
      fillIn(steps.county, cityKey ? within.filter(function (place) { return place.cityKey === cityKey; })
        .map(function (place) { return [place.code, place.county]; }) : [], code);
    }

    function follow() {
      var place = of(original.value);
      if (place) show(place.province, place.cityKey, place.code); else show("", "", "");
      search.value = place ? place.full : "";
      close();
    }

    function choose(code) {
      original.value = code;
      original.dispatchEvent(new Event("input", { bubbles: true }));
      original.dispatchEvent(new Event("change", { bubbles: true }));
    }

    function pickAmong(province, cityKey) {
      show(province, cityKey, "");
      var here = places.filter(function (place) { return place.cityKey === cityKey; });
      if (here.length === 1) { choose(here[0].code); return; }
      if (original.value) { original.value = ""; original.dispatchEvent(new Event("input", { bubbles: true })); }
      search.value = "";
    }

    if (several) steps.province.addEventListener("change", function () { pickAmong(steps.province.value, ""); });
    steps.city.addEventListener("change", function () {
      pickAmong(several ? steps.province.value : steps.city.value.slice(0, 2), steps.city.value);
    });
    steps.county.addEventListener("change", function () { choose(steps.county.value); });
    original.addEventListener("change", follow);
    // A draft that is put back is written into all the controls of the form at once.
    if (original.form) original.form.addEventListener("input", function (event) { if (event.target === original.form) follow(); });

    var current = -1;
    function close() { list.hidden = true; search.setAttribute("aria-expanded", "false"); search.removeAttribute("aria-activedescendant"); current = -1; }

    function matches(words) {
      var first = [], rest = [];
      places.some(function (place) {
        if (place.county.indexOf(words) === 0 || place.code.indexOf(words) === 0) first.push(place);
        else if (place.full.indexOf(words) >= 0) rest.push(place);
        return first.length >= MOST;
      });
      return first.concat(rest).slice(0, MOST);
    }

    function look() {
      var words = search.value.replace(/\s+/g, "");
      list.textContent = "";
      current = -1;
      if (!words) { close(); said.textContent = ""; return; }
      var found = matches(words);
      found.forEach(function (place, index) {
        var item = element("li", { role: "option", id: base + "-" + index, "aria-selected": "false", "data-code": place.code }, list);
        item.textContent = place.full;
      });
      if (!found.length) element("li", { "class": "region-none" , role: "option", "aria-disabled": "true", "aria-selected": "false" }, list).textContent = text.textNone;
      list.hidden = false;
      search.setAttribute("aria-expanded", "true");
      said.textContent = found.length ? text.textFound.replace("{n}", found.length) : text.textNone;
    }

    function mark(step) {
      var items = list.querySelectorAll("[data-code]");
      if (!items.length) return;
      if (current >= 0) items[current].setAttribute("aria-selected", "false");
      current = (current + step + items.length) % items.length;
      items[current].setAttribute("aria-selected", "true");
      items[current].scrollIntoView({ block: "nearest" });
      search.setAttribute("aria-activedescendant", items[current].id);
    }

    search.addEventListener("input", function (event) { event.stopPropagation(); look(); });
    search.addEventListener("keydown", function (event) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) look();
        mark(event.key === "ArrowDown" ? 1 : -1);
      } else if (event.key === "Enter" && !list.hidden) {
        event.preventDefault();
        var items = list.querySelectorAll("[data-code]");
        if (items.length) choose(items[Math.max(current, 0)].dataset.code);
      } else if (event.key === "Escape" && !list.hidden) {
        event.stopPropagation();
        follow();
      }
    });
    list.addEventListener("mousedown", function (event) {
      event.preventDefault();
      var item = event.target.closest("[data-code]");
      if (item) choose(item.dataset.code);
    });
    search.addEventListener("blur", function () { follow(); });
    follow();
  }

  function startAll() { Array.prototype.forEach.call(document.querySelectorAll("select[data-regions]"), start); }
  document.addEventListener("DOMContentLoaded", startAll);
  document.addEventListener("rows", startAll, true);
}());
