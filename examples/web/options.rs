//! The options of the command line.

/// The options of the service.
pub(crate) struct Options {
    /// The address to listen on; port 0 takes a free port.
    pub(crate) listen: String,
}

impl Options {
    pub(crate) fn from_arguments(
        mut arguments: impl Iterator<Item = String>,
    ) -> Result<Self, String> {
        let mut options = Self {
            listen: "127.0.0.1:0".to_owned(),
        };
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--listen" => {
                    let address = arguments.next();
                    options.listen = address.ok_or("`--listen` needs an address")?;
                }
                unknown => {
                    return Err(format!(
                        "`{unknown}` is not an option; the only option is `--listen ADDRESS:PORT`"
                    ));
                }
            }
        }
        Ok(options)
    }
}
