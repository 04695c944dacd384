functions! { made }
