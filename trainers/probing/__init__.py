"""What an encoder is worth where labels are few: accuracy on test images after learning from n labels.

Three ways, on the same draws of n labelled images, as evenly over the classes as can be:

    linear    logistic regression on the codes, standardised; the encoder stays as it is
    tuned     from there the encoder learns on, with the linear reading as its last layer (linear probing then
              fine-tuning, Kumar et al. 2022); batch norms keep their statistics
    scratch   the same network and last layer from new weights

The latter two minimise the cross-entropy with Adam, its rate fading to zero; no image is moved or mirrored.
"""
